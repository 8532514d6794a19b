/** An element of the page by its id. @throws Error where the page has none, which is a mistake in the page */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`no ${id}`);
  return found;
}

/** Saves a text as a file, without any connection. */
export function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Files that are dropped on the box of a file field become its files, as if they were chosen there. */
export function acceptDrops(input: HTMLInputElement): void {
  const box = input.closest('.drop');
  if (box === null) return;
  box.addEventListener('dragover', (event) => {
    event.preventDefault();
    box.classList.add('over');
  });
  box.addEventListener('dragleave', () => box.classList.remove('over'));
  box.addEventListener('drop', (event) => {
    event.preventDefault();
    box.classList.remove('over');
    const files = (event as DragEvent).dataTransfer?.files;
    if (files === undefined || files.length === 0) return;
    input.files = files;
    input.dispatchEvent(new Event('change'));
  });
}

/** Buttons of which one is pressed; `choose` is told its name. */
export function pressButtons(
  box: HTMLElement,
  names: readonly string[],
  choose: (name: string) => void,
): (name: string) => void {
  const buttons = names.map((name) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = name;
    button.addEventListener('click', () => choose(name));
    return button;
  });
  box.replaceChildren(...buttons);
  return (name) => {
    for (const button of buttons)
      button.setAttribute('aria-pressed', String(button.textContent === name));
  };
}
