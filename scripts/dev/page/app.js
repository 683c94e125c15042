// The page of scripts/dev: the live stream of events, the media that they made, one
// of them opened, the dead letters, the switches of the stand-in. Each part is a
// module; they meet in model.js. What can be chosen, and all that dev knows already,
// comes from GET /api/about.

import './announce.js';
import './detail.js';
import './dialogs.js';
import './faults.js';
import './figures.js';
import './guide.js';
import './keys.js';
import './mediadetail.js';
import './theme.js';
import { about } from './api.js';
import { $ } from './dom.js';
import { connect, showConnection } from './stream.js';
import { showLetters } from './views.js';

showConnection('connecting');
if (about.from) {
  document.body.dataset.from = '';
  $('where').textContent = 'dead letters';
  showLetters();
}
connect();
