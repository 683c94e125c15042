// The panel in which one thing is opened: beside the list where there is room,
// before everything where there is none.

const wide = matchMedia('(width >= 860px)');

/** Makes a panel of a dialog; closed() is called when the reader closes it. */
export function makePanel(dialog, closed) {
  let open = false;
  const place = () => {
    if (!open || dialog.open && dialog.matches(':modal') === !wide.matches) return;
    if (dialog.open) dialog.close();
    dialog.setAttribute('role', wide.matches ? 'region' : 'dialog');
    wide.matches ? dialog.setAttribute('open', '') : dialog.showModal();
  };
  wide.addEventListener('change', place);
  dialog.addEventListener('close', () => dialog.open || !open || closed());
  return {
    show() { open = true; place(); },
    hide() { open = false; dialog.open && dialog.close(); },
  };
}
