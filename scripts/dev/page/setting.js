import { send } from './api.js';
import { toast } from './notice.js';

/** What can be set: shown as dev tells it, and changed by one PUT at a time. */
export class Setting {
  constructor(path, show) { Object.assign(this, { path, show, truth: null, wishes: null, busy: false }); }

  /** Takes what dev tells, unless it is known to be older, or a wish on its way is newer. */
  take(value) {
    if (this.busy || value.revision < this.truth?.revision) return;
    this.truth = value;
    this.show(value);
  }

  async put(wish) {
    this.wishes = { ...this.wishes, ...wish };
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.wishes) {
        const value = this.wishes;
        this.wishes = null;
        this.truth = await send('PUT', this.path, value);
      }
    } catch (e) {
      toast(e.message, true);
    }
    this.busy = false;
    this.take(this.truth);
  }
}
