// Uploads, one file after another. What was dropped is checked by the server, not here.
if (within("#upload")) {
  const TRIES = 4; // of a file that does not get through, though the server can be reached
  const PASSING = [0, 408, 502, 504]; // statuses that another try may change; 0: the connection broke
  const FOR_ALL = [503, 507]; // statuses that every other file would meet as well
  const list = element.querySelector(".uploads");
  const input = element.querySelector("input");
  const drop = element.querySelector(".drop");
  const waiting = [];
  const failed = new Map(); // each upload that failed, and its line in the list
  let total = 0;
  let added = 0;
  let there = 0; // of the files that were to be added, already
  let running = false;
  let stopped = false;
  let request = new XMLHttpRequest();
  let wake = () => {};

  const make = (tag, text, className = "") => Object.assign(document.createElement(tag), { textContent: text, className });
  const title = make("b");
  const state = make("span", "", "soft");
  const bar = Object.assign(make("progress"), { max: 100, value: 0, ariaLabel: "Adding files" });
  const progress = Object.assign(make("li"), { ariaLive: "off" }); // else each of the files is read out
  progress.append(title, state, button("Stop", stop), bar);
  const outcome = make("li");

  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  for (const name of ["dragenter", "dragover"])
    document.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      drop.classList.add("over");
    });
  document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
  document.addEventListener("drop", async (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.remove("over");
    add(await dropped(event.dataTransfer));
  });
  // A note becomes a file like any other: what may be its name and what may be in it, the server says.
  const note = element.querySelector(".note");
  const field = (name) => note.querySelector(`[name=${name}]`);
  const nameOf = (title) => title.replace(/[\s\p{C}/\\:*?"<>|]+/gu, " ").replace(/^[ .~$]+/, "").trim();
  note.querySelector("[data-add-note]").addEventListener("click", () => {
    const [title, text, ending] = ["title", "text", "ending"].map((name) => field(name).value);
    if (!text.trim()) return field("text").focus();
    add([new File([text], (nameOf(title) || "Note") + ending)]);
    field("title").value = field("text").value = "";
    note.open = false;
    note.querySelector("summary").focus();
  });
  note.addEventListener("toggle", () => note.open && field("title").focus());
  document.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (files.length && !types.includes("text/plain")) {
      event.preventDefault();
      showUploads();
      add([...files]);
    } else if (!isTyping && types.includes("text/plain")) offerNote(event);
  });
  function offerNote(event) {
    event.preventDefault();
    showUploads();
    field("text").value = event.clipboardData.getData("text/plain");
    field("title").value ||= field("text").value.trim().split("\n")[0].slice(0, 60);
    note.open = true;
    field("title").select();
  }
  // On a phone the panel is behind a button, and it may show conversations.
  function showUploads() {
    page.classList.add("panel-open");
    document.querySelector('#panel [role="tab"]').click();
  }

  window.addEventListener("beforeunload", (event) => running && event.preventDefault());

  // The files that were dropped, and those in the folders that were.
  async function dropped(data) {
    const entries = [...data.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.());
    const found = [...data.files].map((file, at) => (entries[at]?.isDirectory ? filesIn(entries[at]) : [file]));
    return (await Promise.all(found)).flat();
  }
  async function filesIn(folder) {
    const found = [];
    const reader = folder.createReader();
    try {
      for (let some = [0]; some.length; found.push(...some))
        some = await new Promise((done, fail) => reader.readEntries(done, fail)); // a hundred at most
    } catch {
      list.append(line(folder.name, "this folder cannot be read: choose the files in it"));
    }
    const visible = found.filter((entry) => !entry.name.startsWith("."));
    return (await Promise.all(visible.map((entry) => (entry.isDirectory ? filesIn(entry) : fileOf(entry))))).flat();
  }
  const fileOf = (entry) => new Promise((done) => entry.file(done, () => done(new File([], entry.name))));

  const add = (files) => addAll(files.map((file) => ({ file, wish: "" })));
  async function addAll(uploads) {
    waiting.push(...uploads);
    total += uploads.length;
    if (running) return;
    running = true;
    stopped = false;
    outcome.remove();
    list.prepend(progress);
    while (waiting.length) await finish(waiting.shift());
    running = false;
    progress.remove();
    tellOutcome();
    total = added = there = 0;
  }

  async function finish(upload) {
    const name = upload.file.name;
    title.textContent = total > 1 ? `Adding ${total - waiting.length} of ${total}: ${name}` : `Adding ${name}`;
    await deliver(upload);
    if (request.status === 201) added += 1;
    else if (request.status === 200) tellThere();
    else if (!stopped) fail(upload);
    if (FOR_ALL.includes(request.status)) waiting.splice(0).forEach(fail);
  }
  // Sends a file until the server has it or will not have it.
  async function deliver(upload) {
    for (let tries = 1; !stopped; tries += 1) {
      await send(upload);
      const seconds = await pauseBeforeRetry(tries);
      if (!seconds) return;
      const limited = request.status === 429;
      state.textContent = limited ? `waiting ${seconds} s for the server` : `${reason()}; trying again in ${seconds} s`;
      await new Promise((done) => setTimeout((wake = done), 1000 * seconds));
    }
  }
  // Seconds to wait before a file is sent again; 0 where that would not help.
  async function pauseBeforeRetry(tries) {
    const { status } = request;
    const asked = Number(request.getResponseHeader("Retry-After"));
    if (stopped) return 0;
    if (status === 429) return asked || 1;
    if (status === 0 && !(await fetch("api/health").catch(() => null))) return 2; // until it can be reached
    if (tries === TRIES) return 0;
    return status === 503 ? asked : PASSING.includes(status) && (asked || 1);
  }
  // Where the name is taken, a person wishes to "replace" the other or to "keep_both".
  function send({ file, wish }) {
    const before = total - waiting.length - 1;
    const show = (share) => {
      bar.value = (100 * (before + share)) / total;
      state.textContent = `${Math.round(bar.value)} %`;
    };
    show(0);
    request = new XMLHttpRequest();
    request.open("PUT", `api/documents?name=${encodeURIComponent(file.name)}&${wish || "skip_identical"}=true`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => show(event.loaded / (event.total || 1));
    return new Promise((done) => {
      request.onloadend = done;
      request.send(file);
    });
  }
  function stop() {
    stopped = true;
    waiting.length = 0;
    request.abort();
    wake();
  }

  function fail(upload) {
    const told = line(upload.file.name, reason());
    upload.exists = request.status === 409;
    if (upload.exists)
      told.append(
        button("Keep both", () => retry([upload], "keep_both")),
        button("Replace", () => retry([upload], "replace")),
      );
    failed.set(upload, told);
    list.append(told);
  }
  function tellThere() {
    there += 1;
    const told = make("li");
    told.append(make("span", `Already there: ${JSON.parse(request.responseText).source}`, "soft"));
    list.append(told);
  }
  function retry(uploads, wish) {
    for (const upload of uploads) {
      failed.get(upload).remove();
      failed.delete(upload);
    }
    addAll(uploads.map((upload) => ({ file: upload.file, wish: wish || upload.wish })));
  }
  function tellOutcome() {
    const count = (number) => `${number} file${number === 1 ? "" : "s"}`;
    const told = [stopped ? `Stopped: ${added} of ${count(total)} added` : `${count(added)} added`];
    if (there) told.push(`${there} already there`);
    if (failed.size) told.push(`${failed.size} not added`);
    outcome.replaceChildren(make("b", told.join(", ")));
    const again = [...failed.keys()].filter((upload) => !upload.exists);
    const buttons = make("span");
    if (again.length) buttons.append(button("Try again", () => retry(again)));
    buttons.append(button("Dismiss", dismiss));
    outcome.append(buttons);
    list.prepend(outcome);
  }
  function dismiss() {
    failed.clear();
    list.replaceChildren();
  }
  function line(name, told) {
    const made = make("li");
    made.append(make("b", name), make("span", told, "soft bad"));
    return made;
  }
  function reason() {
    try {
      return JSON.parse(request.responseText).error;
    } catch {
      return request.status ? `not added (status ${request.status})` : "the connection to the server broke off";
    }
  }
  function button(text, act) {
    const made = Object.assign(make("button", text), { type: "button" });
    made.addEventListener("click", act);
    return made;
  }
}
