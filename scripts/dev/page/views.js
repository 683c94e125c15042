// The views of what happened: the events, the media that they made, the dead letters.

import { $ } from './dom.js';
import { step as stepLetters } from './letters.js';
import * as eventList from './list.js';
import * as mediaList from './medialist.js';
import { model, tell } from './model.js';
import { makeTabs } from './tabs.js';

const views = new Map([
  [$('tab-events'), { list: $('grid'), search: $('q'), step: eventList.step, opened: () => model.opened, skip: 'Skip to the events' }],
  [$('tab-media'), { list: $('media-grid'), search: $('media-q'), step: mediaList.step, opened: () => model.media, skip: 'Skip to the media' }],
  [$('tab-letters'), { list: $('letters-list'), search: $('letters-subject'), step: stepLetters, opened: () => null, skip: 'Skip to the dead letters' }],
]);

/** The view that is shown: its list, its search, how the keys step through it. */
export let view = views.get($('tab-events'));

const select = makeTabs($('views'), (tab) => {
  view = views.get(tab);
  document.querySelector('.skip').hash = '#' + view.list.id;
  document.querySelector('.skip').textContent = view.skip;
  tell('view');
});

export const showEvents = () => select($('tab-events'));
export const showMedia = () => select($('tab-media'));
export const showLetters = () => select($('tab-letters'));

/** Brings the focus back to the list. */
export const focusList = () => view.list.focus({ preventScroll: true });
