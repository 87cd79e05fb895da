// A row of a result: how it is, what it is about, and a line to copy.

export function row(kind, word, text, line) {
  const item = Object.assign(document.createElement("li"), { className: kind });
  const bold = Object.assign(document.createElement("b"), { textContent: word });
  const said = Object.assign(document.createElement("span"), { textContent: text });
  item.append(bold, said);
  if (line) item.append(Object.assign(document.createElement("code"), { textContent: line }));
  return item;
}
