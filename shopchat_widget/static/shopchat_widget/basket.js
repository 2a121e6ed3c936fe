/** The shop's colours on a page about a basket, which does everything else without a script. */
const { accent, onAccent } = JSON.parse(document.getElementById("shopchat-settings").textContent);
const root = document.documentElement.style;
root.setProperty("--shopchat-accent", accent);
root.setProperty("--shopchat-on-accent", onAccent);
