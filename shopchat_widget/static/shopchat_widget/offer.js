/** The page about a basket in the launcher's frame. Its buttons are forms; this closes, remembers and gives the launcher its height. */

const QUIET = "shopchat:quiet"; // the launcher asks no more where it is set

function begin() {
  const settings = JSON.parse(document.getElementById("shopchat-settings").textContent);
  const shop = parent === window ? null : parent;
  const tell = (shopchat, more) => shop?.postMessage({ shopchat, ...more }, location.origin);
  const [page, title, cross] = ["offer", "title", "close"].map((id) => document.getElementById(`shopchat-${id}`));

  const root = document.documentElement.style;
  root.setProperty("--shopchat-accent", settings.accent);
  root.setProperty("--shopchat-on-accent", settings.onAccent);

  function answer(what) {
    fetch(settings.answer, { method: "POST", body: new URLSearchParams({ do: what }), keepalive: true }).catch(() => {});
    // Stored because somebody asked for it: an account is remembered by the shop, a browser by itself.
    if (what === "never") try { localStorage.setItem(QUIET, 1) } catch { /* forbidden */ }
    tell("close");
  }

  function measure() {
    tell("offer", { height: page.offsetTop + page.scrollHeight });
  }

  document.addEventListener("submit", (event) => {
    if ("closes" in event.target.dataset) {
      event.preventDefault();
      answer(event.submitter.value);
    } else if ("asks" in event.target.dataset) tell("offer", { is: "asked" });
  });
  document.addEventListener("toggle", measure, true);
  document.addEventListener("load", measure, true); // pictures
  document.addEventListener("keydown", (event) => event.key === "Escape" && answer("later"));
  addEventListener("message", ({ source, origin, data }) => {
    if (source === shop && origin === location.origin && data?.shopchat === "open" && data.focus) title.focus();
  });
  cross.hidden = !shop;
  cross.addEventListener("click", () => answer("later"));
  tell("ready");
  measure();
}

begin();
