/**
 * A sound for new messages and for callbacks that fall due: two soft tones made here, after the first click or key (browsers want that), in one tab of many.
 *
 * <div data-controller="sc-sound" data-sc-sound-plays-value="true" data-sc-sound-url-value="…/sound/"
 *      data-action="sc-list:inbound->sc-sound#play">
 *   <button data-sc-sound-target="button" data-action="sc-sound#toggle" aria-pressed="true">…</button>
 * </div>
 */

const HEARD = "shopchat:heard";
const TONES = [659.25, 880];

class SoundController extends window.StimulusModule.Controller {
  static targets = ["button"];

  static values = { plays: Boolean, url: String };

  connect() {
    this.onGesture = () => this.unlock();
    for (const type of ["pointerdown", "keydown"]) addEventListener(type, this.onGesture, { once: true });
  }

  disconnect() {
    for (const type of ["pointerdown", "keydown"]) removeEventListener(type, this.onGesture);
    this.audio?.close();
    this.audio = null;
  }

  get desk() {
    return this.application.getControllerForElementAndIdentifier(this.element, "sc-desk");
  }

  unlock() {
    this.audio ||= new AudioContext();
    this.audio.resume();
  }

  buttonTargetConnected() {
    this.draw();
  }

  async toggle() {
    this.playsValue = !this.playsValue;
    this.draw();
    if (this.playsValue) this.beep();
    try {
      await this.desk.ask(this.urlValue, new URLSearchParams({ plays: this.playsValue ? "1" : "0" }));
    } catch {
      // It holds in this tab; the next page asks the server again.
    }
  }

  draw() {
    this.buttonTarget.setAttribute("aria-pressed", String(this.playsValue));
  }

  async play({ detail: { at, kind = "" } }) {
    if (!this.playsValue || this.audio?.state !== "running") return;
    if (await isFirst(at, kind)) this.beep();
  }

  beep() {
    if (this.audio?.state !== "running") return;
    TONES.forEach((frequency, index) => this.tone(frequency, this.audio.currentTime + index * 0.14));
  }

  tone(frequency, at) {
    const oscillator = new OscillatorNode(this.audio, { frequency });
    const volume = new GainNode(this.audio, { gain: 0 });
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.18, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.28);
    oscillator.connect(volume).connect(this.audio.destination);
    oscillator.start(at);
    oscillator.stop(at + 0.3);
  }
}

/** Whether no other tab has sounded for this moment of this kind yet. */
async function isFirst(at, kind) {
  const heard = HEARD + kind;
  const claim = () => {
    try {
      if (Number(localStorage.getItem(heard) || 0) >= at) return false;
      localStorage.setItem(heard, String(at));
    } catch {
      // Without storage each tab sounds.
    }
    return true;
  };
  return navigator.locks ? navigator.locks.request(HEARD, claim) : claim();
}

window.wagtail.app.register("sc-sound", SoundController);
