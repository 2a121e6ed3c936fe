/** The preview's colours come from attributes, because its policy allows no inline style. */

const { accent, onAccent } = document.body.dataset;
document.documentElement.style.setProperty("--shopchat-accent", accent);
document.documentElement.style.setProperty("--shopchat-on-accent", onAccent);
