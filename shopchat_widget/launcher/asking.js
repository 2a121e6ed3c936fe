// Only where the shop offers something by itself: one question a page, when the browser has nothing better to do.
// QUIET, OFFER and SCRIPT are put in by assembly.py.
const look = async () => {
  if (stored("localStorage")[OURS + "quiet"] || QUIET.test(location.pathname)) return;
  const answer = await fetch(OFFER).catch(() => 0);
  if (answer.status === 200) (await import(SCRIPT)).default(await answer.text());
};
const idle = () => (window.requestIdleCallback ?? setTimeout)(look);
if (document.readyState === "complete") idle();
else addEventListener("load", idle);
