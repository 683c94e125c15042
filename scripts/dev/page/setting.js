import { send } from './api.js';
import { toast } from './notice.js';

/** What can be set: shown as dev tells it, and changed by one PUT at a time. */
export class Setting {
  constructor(path, show) { Object.assign(this, { path, show, truth: null, wishes: null, busy: false }); }

  /** Takes what dev tells, unless it is known to be older. A wish on its way is shown instead. */
  take(value) {
    if (value.revision < this.truth?.revision) return;
    this.truth = value;
    if (!this.busy) this.show(value);
  }

  async put(wish) {
    this.wishes = { ...this.wishes, ...wish };
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.wishes) {
        const value = this.wishes;
        this.wishes = null;
        this.take(await send('PUT', this.path, value));
      }
    } catch (e) {
      toast(e.message, true);
    }
    this.busy = false;
    this.show(this.truth);
  }
}
