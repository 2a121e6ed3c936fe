# Works from Wagtail 7.4 on: depends on nothing that came later.

import wagtail.fields
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('pages', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='textpage',
            name='blocks',
            field=wagtail.fields.StreamField([('callback', 4)], blank=True, block_lookup={0: ('wagtail.blocks.CharBlock', (), {'label': 'heading', 'max_length': 120, 'required': False}), 1: ('wagtail.blocks.TextBlock', (), {'label': 'text', 'max_length': 600, 'required': False, 'rows': 3}), 2: ('wagtail.blocks.CharBlock', (), {'help_text': "Empty: “Call me back” in the reader's language.", 'label': 'text on the button', 'max_length': 60, 'required': False}), 3: ('wagtail.blocks.CharBlock', (), {'help_text': 'Filled into the form and shown to whoever calls, for example “Tents for families”.', 'label': 'what about', 'max_length': 120, 'required': False}), 4: ('wagtail.blocks.StructBlock', [[('heading', 0), ('text', 1), ('button', 2), ('subject', 3)]], {})}),
        ),
        migrations.AddField(
            model_name='textpage',
            name='blocks_ru',
            field=wagtail.fields.StreamField([('callback', 4)], blank=True, block_lookup={0: ('wagtail.blocks.CharBlock', (), {'label': 'heading', 'max_length': 120, 'required': False}), 1: ('wagtail.blocks.TextBlock', (), {'label': 'text', 'max_length': 600, 'required': False, 'rows': 3}), 2: ('wagtail.blocks.CharBlock', (), {'help_text': "Empty: “Call me back” in the reader's language.", 'label': 'text on the button', 'max_length': 60, 'required': False}), 3: ('wagtail.blocks.CharBlock', (), {'help_text': 'Filled into the form and shown to whoever calls, for example “Tents for families”.', 'label': 'what about', 'max_length': 120, 'required': False}), 4: ('wagtail.blocks.StructBlock', [[('heading', 0), ('text', 1), ('button', 2), ('subject', 3)]], {})}),
        ),
        migrations.AddField(
            model_name='textpage',
            name='blocks_uk',
            field=wagtail.fields.StreamField([('callback', 4)], blank=True, block_lookup={0: ('wagtail.blocks.CharBlock', (), {'label': 'heading', 'max_length': 120, 'required': False}), 1: ('wagtail.blocks.TextBlock', (), {'label': 'text', 'max_length': 600, 'required': False, 'rows': 3}), 2: ('wagtail.blocks.CharBlock', (), {'help_text': "Empty: “Call me back” in the reader's language.", 'label': 'text on the button', 'max_length': 60, 'required': False}), 3: ('wagtail.blocks.CharBlock', (), {'help_text': 'Filled into the form and shown to whoever calls, for example “Tents for families”.', 'label': 'what about', 'max_length': 120, 'required': False}), 4: ('wagtail.blocks.StructBlock', [[('heading', 0), ('text', 1), ('button', 2), ('subject', 3)]], {})}),
        ),
    ]
