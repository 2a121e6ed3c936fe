// Shortcuts on every letter, as some shops have them: they swallow the key wherever it was pressed.
["keydown", "keypress", "keyup"].forEach((type) => {
    document.addEventListener(
        type,
        (event) => {
            if (/^[a-z /]$/i.test(event.key)) {
                event.preventDefault();
                event.stopImmediatePropagation();
                const pressed = document.getElementById("pressed");
                if (pressed) pressed.textContent = `Shortcut: ${event.key}`;
            }
        },
        true,
    );
});

// And focus is called back now and then by scripts such as this one.
document.addEventListener("click", (event) => {
    if (event.target instanceof HTMLAnchorElement) event.target.blur();
});

Array.prototype.hostExtension = function () {};
