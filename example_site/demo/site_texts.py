"""What the Wagtail pages say."""

from typing import Any

HOME = {
    "title": "Welcome to Trail & Co.",
    "title_ru": "Добро пожаловать в Trail & Co.",
    "title_uk": "Ласкаво просимо до Trail & Co.",
    "body": "<p>We do not really exist. This shop shows how a live chat looks in a real store: look around, put "
    "something into the basket and ask us a question.</p>",
    "body_ru": "<p>На самом деле нас нет. Этот магазин показывает, как выглядит живой чат в настоящем магазине: "
    "осмотритесь, положите что-нибудь в корзину и задайте нам вопрос.</p>",
    "body_uk": "<p>Насправді нас немає. Ця крамниця показує, який вигляд має живий чат у справжньому магазині: "
    "роззирніться, покладіть щось у кошик і поставте нам запитання.</p>",
}

PAGES: dict[str, dict[str, Any]] = {
    "about": {
        "title": "About us",
        "title_ru": "О нас",
        "title_uk": "Про нас",
        "body": "<p>Four people, one dog and a storeroom that smells of leather wax. We sell what we would carry "
        "ourselves, and we answer questions before, during and after the trip.</p><h2>Who answers in the chat</h2>"
        "<p>Anna knows boots and jackets. Boris knows tents, stoves and bad weather.</p>",
        "body_ru": "<p>Четыре человека, одна собака и склад, где пахнет воском для кожи. Мы продаём то, что взяли бы с "
        "собой, и отвечаем на вопросы до, во время и после похода.</p><h2>Кто отвечает в чате</h2><p>Анна знает "
        "всё об обуви и куртках. Борис — о палатках, горелках и плохой погоде.</p>",
        "body_uk": "<p>Четверо людей, один пес і склад, де пахне воском для шкіри. Ми продаємо те, що взяли б із собою, "
        "і відповідаємо на запитання до, під час і після походу.</p><h2>Хто відповідає в чаті</h2><p>Анна знає "
        "все про взуття й куртки. Борис — про намети, пальники та негоду.</p>",
    },
    "delivery": {
        "title": "Delivery and returns",
        "title_ru": "Доставка и возврат",
        "title_uk": "Доставка та повернення",
        "body": "<p>In a real shop you would read here that parcels leave on the same day if you order before two "
        "o'clock, and arrive in two to five working days.</p><ul><li>Free delivery to Germany, Latvia, Poland and "
        "Ukraine.</li><li>Thirty days to change your mind.</li><li>Boots may be tried on at home, on a carpet.</li></ul>",
        "body_ru": "<p>В настоящем магазине здесь было бы написано, что заказы, сделанные до двух часов дня, уходят в тот "
        "же день и приходят за два — пять рабочих дней.</p><ul><li>Бесплатная доставка в Германию, Латвию, Польшу и "
        "Украину.</li><li>Тридцать дней на раздумья.</li><li>Ботинки можно примерить дома, на ковре.</li></ul>",
        "body_uk": "<p>У справжньому магазині тут було б написано, що замовлення, зроблені до другої години дня, "
        "вирушають того самого дня й надходять за два — п'ять робочих днів.</p><ul><li>Безкоштовна доставка до "
        "Німеччини, Латвії, Польщі та України.</li><li>Тридцять днів на роздуми.</li><li>Черевики можна приміряти "
        "вдома, на килимі.</li></ul>",
    },
    "choosing-a-tent": {
        "title": "How to choose a tent",
        "title_ru": "Как выбрать палатку",
        "title_uk": "Як вибрати намет",
        "body": "<p>Count the sleepers, then add one place for wet things. Ask yourself three questions.</p><ol><li>How "
        "far will you carry it? Below two kilograms every gram costs money.</li><li>How much wind? More poles, more "
        "calm.</li><li>Who gets up at night? Two doors save friendships.</li></ol><p>Still not sure? Write to us in "
        "the chat and tell us where you are going.</p>",
        "body_ru": "<p>Посчитайте, кто будет спать, и прибавьте одно место для мокрых вещей. Задайте себе три "
        "вопроса.</p><ol><li>Далеко ли нести? Легче двух килограммов каждый грамм стоит денег.</li><li>Сильный ли "
        "ветер? Чем больше дуг, тем спокойнее.</li><li>Кто встаёт ночью? Два входа спасают дружбу.</li></ol><p>Всё "
        "ещё сомневаетесь? Напишите нам в чат, куда вы собираетесь.</p>",
        "body_uk": "<p>Порахуйте, хто спатиме, і додайте одне місце для мокрих речей. Поставте собі три "
        "запитання.</p><ol><li>Чи далеко нести? Легше за два кілограми кожен грам коштує грошей.</li><li>Чи сильний "
        "вітер? Що більше дуг, то спокійніше.</li><li>Хто встає вночі? Два входи рятують дружбу.</li></ol><p>Досі "
        "вагаєтеся? Напишіть нам у чат, куди ви зібралися.</p>",
        "blocks": [
            (
                "callback",
                {
                    "heading": "Rather talk about it?",
                    "text": "Boris has slept in every tent that we sell. Choose a time, and he calls you.",
                    "subject": "Choosing a tent",
                },
            )
        ],
        "blocks_ru": [
            (
                "callback",
                {
                    "heading": "Хотите обсудить по телефону?",
                    "text": "Борис ночевал в каждой палатке, которую мы продаём. Выберите время, и он вам позвонит.",
                    "subject": "Выбор палатки",
                },
            )
        ],
        "blocks_uk": [
            (
                "callback",
                {
                    "heading": "Хочете обговорити телефоном?",
                    "text": "Борис ночував у кожному наметі, який ми продаємо. Виберіть час, і він вам зателефонує.",
                    "subject": "Вибір намету",
                },
            )
        ],
    },
}
