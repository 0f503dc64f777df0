"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { users, roles, verdicts, cells, statements } = data;
  const at = id => document.getElementById(id);
  const frame = at("frame"), grid = at("grid"), dialog = at("explanation");
  const MARGIN = 6;
  const WIDE = matchMedia("(min-width: 641px)");
  const verdictOf = (u, r) => verdicts[cells[u * roles.length + r]];
  const made = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const kind = verdict => verdict.status === 2 ? "unsure" : verdict.status === 0 ? "no" : verdict.noMfa ? "bad" : "ok";
  const terms = verdict => [verdict.from, verdict.only].filter(Boolean).join(", ");
  const said = verdict => ({ ok: "✓ MFA", bad: verdict.mfa === "not needed" ? "! no MFA needed" : "! partly without MFA", unsure: "? not verified", no: "–" })[kind(verdict)];
  const spoken = verdict => ({ ok: "may enter with MFA", bad: "may enter without MFA", unsure: "cannot be verified", no: "refused" })[kind(verdict)] + (verdict.status === 1 ? ", from " + terms(verdict) : "");
  const verdictFilters = {
    all: () => true,
    allowed: v => v.status === 1,
    nomfa: v => v.status === 1 && v.noMfa,
    anywhere: v => v.status === 1 && v.anywhere,
    unsure: v => v.status === 2,
    refused: v => v.status === 0,
  };

  // What is shown: rows and columns of the matrix, or the pairs of the list.
  let shown = { users: [], roles: [], pairs: [] }, list = false, active = [0, 0], drawn = "";
  const userTexts = users.map(u => [u.name, u.arn, ...u.groups].join(" ").toLowerCase());
  const roleTexts = roles.map(r => [r.label, r.account, r.name, r.arn].join(" ").toLowerCase());

  function select() {
    const who = at("search").value.trim().toLowerCase(), where = at("place").value.trim().toLowerCase();
    const fits = verdictFilters[at("filter").value];
    const passing = verdicts.map(fits);
    const everyUser = users.map((_, u) => u).filter(u => userTexts[u].includes(who));
    const everyRole = roles.map((_, r) => r).filter(r => roleTexts[r].includes(where));
    const pairs = [], withUser = new Set(), withRole = new Set();
    for (const u of everyUser) for (const r of everyRole) if (passing[cells[u * roles.length + r]]) {
      pairs.push(u * roles.length + r); withUser.add(u); withRole.add(r);
    }
    shown = { users: everyUser.filter(u => withUser.has(u)), roles: everyRole.filter(r => withRole.has(r)), pairs, fits };
    list = at("view").value === "list";
    const number = n => n.toLocaleString("en");
    at("count").textContent = pairs.length
      ? `${number(pairs.length)} of ${number(cells.length)} pairs: ${number(shown.users.length)} people, ${number(shown.roles.length)} roles`
      : "Nothing fits this search.";
    active = [0, 0];
    frame.scrollTo(0, 0);
    draw(true);
  }

  const size = name => parseFloat(getComputedStyle(document.documentElement).getPropertyValue(name));
  function place(rows, columns) {
    const row = size("--row"), name = size("--name"), head = list ? 0 : size("--head");
    // Few columns share the whole width, so that the header is as wide as the table.
    const column = Math.max(size("--cell"), (frame.clientWidth - name) / columns);
    return { row, column, name, head, rows, columns, width: list ? 0 : name + columns * column, height: head + rows * row };
  }

  function draw(anew = false) {
    const among = [list ? shown.pairs.length : shown.users.length, list ? 1 : shown.roles.length];
    grid.className = list ? "list" : "";
    // Before the columns are measured: a scroll bar takes some of their width.
    grid.style.height = among[0] ? place(...among).height + "px" : "auto";
    const geometry = place(...among), { row, column, name, head, rows, columns } = geometry;
    grid.style.width = list ? "100%" : geometry.width + "px";
    grid.style.setProperty("--cell", column + "px");
    const top = Math.max(0, Math.floor((frame.scrollTop - head) / row) - MARGIN);
    const bottom = Math.min(rows, Math.ceil((frame.scrollTop + frame.clientHeight) / row) + MARGIN);
    const left = list ? 0 : Math.max(0, Math.floor((frame.scrollLeft - name) / column) - 2);
    const right = list ? 1 : Math.min(columns, Math.ceil((frame.scrollLeft + frame.clientWidth) / column) + 2);
    const window_ = [top, bottom, left, right].join();
    if (!anew && window_ === drawn) return;
    drawn = window_;
    const focused = grid.contains(document.activeElement);
    grid.setAttribute("aria-rowcount", rows + (list ? 0 : 1));
    grid.setAttribute("aria-colcount", list ? 1 : columns + 1);
    const parts = [];
    if (!rows) parts.push(made("p", { class: "empty" }, "Nothing fits this search."));
    if (rows && !list) {
      const heads = made("div", { class: "row heads", role: "row", "aria-rowindex": 1 });
      heads.append(made("div", { class: "corner", role: "columnheader", "aria-colindex": 1 }, "Person"));
      for (let c = left; c < right; c++) {
        const role = roles[shown.roles[c]];
        heads.append(made("div", { class: "column", role: "columnheader", "aria-colindex": c + 2, style: `left:${name + c * column}px`, title: `${role.label} ${role.account}, ${role.name}` },
          made("b", {}, role.label), made("small", {}, role.name)));
      }
      parts.push(heads);
    }
    for (let r = top; r < bottom; r++) {
      const line = made("div", { class: "row", role: "row", "aria-rowindex": r + (list ? 1 : 2), style: `top:${head + r * row}px` });
      if (list) {
        const pair = shown.pairs[r];
        line.append(cell(Math.floor(pair / roles.length), pair % roles.length, r, 0, null));
      } else {
        const user = users[shown.users[r]];
        line.append(made("div", { class: "who", role: "rowheader", "aria-colindex": 1, title: user.arn }, made("b", {}, user.name), made("small", {}, user.groups.join(", ") || "no group")));
        for (let c = left; c < right; c++) line.append(cell(shown.users[r], shown.roles[c], r, c, name + c * column));
      }
      parts.push(line);
    }
    grid.replaceChildren(...parts);
    if (focused) focus();
  }

  function cell(u, r, row, column, left) {
    const verdict = verdictOf(u, r), user = users[u], role = roles[r];
    const element = made("div", {
      class: "cell " + kind(verdict) + (list || shown.fits(verdict) ? "" : " faint"), role: "gridcell", "aria-colindex": list ? 1 : column + 2,
      tabindex: row === active[0] && column === active[1] ? 0 : -1, "data-row": row, "data-column": column, "data-user": u, "data-role": r, title: spoken(verdict),
      "aria-label": `${user.name}, ${role.label}, ${role.name}: ${spoken(verdict)}`,
    });
    if (left !== null) element.style.left = left + "px";
    const shownTerms = [made("b", {}, said(verdict)), made("small", {}, verdict.status ? terms(verdict) : "refused")];
    if (list) element.append(
      made("span", {}, made("b", {}, user.name), made("small", {}, user.groups.join(", "))),
      made("span", {}, made("b", {}, role.label), made("small", {}, role.name)),
      made("span", { class: "terms" }, ...shownTerms));
    else element.append(...(verdict.status ? shownTerms : shownTerms.slice(0, 1)));
    return element;
  }

  const focus = () => grid.querySelector(`[data-row="${active[0]}"][data-column="${active[1]}"]`)?.focus({ preventScroll: true });
  function move(row, column) {
    const rows = list ? shown.pairs.length : shown.users.length, columns = list ? 1 : shown.roles.length;
    active = [Math.max(0, Math.min(rows - 1, row)), Math.max(0, Math.min(columns - 1, column))];
    const g = place(rows, columns), y = active[0] * g.row, x = active[1] * g.column;
    if (y < frame.scrollTop) frame.scrollTop = y;
    else if (y + g.row + g.head > frame.scrollTop + frame.clientHeight) frame.scrollTop = y + g.row + g.head - frame.clientHeight;
    if (!list && x < frame.scrollLeft) frame.scrollLeft = x;
    else if (!list && x + g.column + g.name > frame.scrollLeft + frame.clientWidth) frame.scrollLeft = x + g.column + g.name - frame.clientWidth;
    draw(true);
    focus();
  }

  grid.addEventListener("keydown", event => {
    if (!event.target.matches(".cell")) return;
    const [row, column] = active, page = Math.max(1, Math.floor(frame.clientHeight / size("--row")) - 2);
    const last = (list ? shown.pairs.length : shown.users.length) - 1;
    const steps = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      Home: [event.ctrlKey ? 0 : row, 0], End: [event.ctrlKey ? last : row, Infinity], PageUp: [row - page, column], PageDown: [row + page, column],
    };
    if (steps[event.key]) { event.preventDefault(); move(...steps[event.key]); }
    else if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(event.target); }
  });
  grid.addEventListener("click", event => {
    const target = event.target.closest(".cell");
    if (!target) return;
    active = [+target.dataset.row, +target.dataset.column];
    draw(true);
    open(grid.querySelector(`[data-row="${active[0]}"][data-column="${active[1]}"]`));
  });

  function open(element) {
    const u = +element.dataset.user, r = +element.dataset.role, verdict = verdictOf(u, r), user = users[u], role = roles[r];
    at("explanation-title").textContent = `${user.name} → ${role.label}, ${role.name}`;
    const body = [made("p", { class: "verdict " + kind(verdict) },
      verdict.status === 0 ? "Refused" : (verdict.status === 1 ? "Allowed: " : "Cannot be verified; at most: ") + (verdict.said || "nothing is known"))];
    body.push(made("ul", {}, ...verdict.why.map(text => made("li", {}, text.replaceAll("{user}", user.name)))));
    if (role.lock) body.push(made("p", {}, `Once inside, only requests from ${role.lock} are served.`));
    if (role.revoked) body.push(made("p", {}, role.revoked));
    for (const i of verdict.by) body.push(made("details", {}, made("summary", {}, statements[i][0]), made("pre", { tabindex: 0 }, made("code", {}, statements[i][1]))));
    if (verdict.status) body.push(made("p", {}, link(role)));
    body.push(made("p", { class: "quiet" }, `${user.arn} → ${role.arn}`));
    at("explanation-body").replaceChildren(...body);
    dialog.showModal();
    dialog.scrollTop = 0;
  }
  at("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => focus());

  const link = role => !role.link ? made("span", {}, role.byHand) : made("a", { class: "button", href: role.link, target: "_blank", rel: "noopener noreferrer" }, `Switch to ${role.name} in ${role.label}`);

  // Who may enter a role; listed when it is opened, for there may be thousands.
  function people(r) {
    const inside = users.map((_, u) => u).filter(u => verdictOf(u, r).status);
    if (!inside.length) return made("p", {}, "Nobody may enter.");
    const unsure = inside.filter(u => verdictOf(u, r).status === 2).length, sure = inside.length - unsure;
    const text = [sure && `${sure.toLocaleString("en")} ${sure === 1 ? "person" : "people"} may enter`, unsure && `${unsure.toLocaleString("en")} cannot be verified`];
    const part = made("details", {}, made("summary", {}, text.filter(Boolean).join(", ")));
    part.addEventListener("toggle", () => part.append(made("ul", {}, ...inside.map(u => {
      const verdict = verdictOf(u, r);
      return made("li", { class: kind(verdict) }, `${users[u].name}: `, made("b", {}, said(verdict)), ` ${terms(verdict)}`);
    }))), { once: true });
    return part;
  }

  // The rest of the page, drawn once.
  const table = (heads, rows) => rows.length
    ? made("table", {}, made("thead", {}, made("tr", {}, ...heads.map(h => made("th", { scope: "col" }, h)))), made("tbody", {}, ...rows.map(r => made("tr", {}, ...r.map((c, i) => {
      const cell = c instanceof HTMLTableCellElement ? c : made("td", {}, c);
      cell.dataset.label = heads[i];
      return cell;
    })))))
    : made("p", { class: "quiet" }, "None.");
  // In the reader's zone.
  const DATE = new Intl.DateTimeFormat("en", { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  const time = text => text ? made("time", { datetime: text, title: text }, DATE.format(new Date(text))) : "";
  at("dates").append("States of ", time(data.readAt), " · page made ", time(data.made));
  const tally = { allowed: 0, nomfa: 0, anywhere: 0, unsure: 0 };
  for (const i of cells) for (const name in tally) if (verdictFilters[name](verdicts[i])) tally[name]++;
  const figure = (name, value, mood = "") => made("div", { class: mood }, made("dt", {}, name), made("dd", {}, value.toLocaleString("en")));
  at("figures").append(
    figure("people", users.length), figure("accounts", new Set(roles.map(r => r.account)).size), figure("roles", roles.length), figure("allowed", tally.allowed),
    figure("without MFA", tally.nomfa, tally.nomfa ? "bad" : "ok"), figure("from anywhere", tally.anywhere, tally.anywhere ? "unsure" : "ok"),
    figure("not verified", tally.unsure, tally.unsure ? "unsure" : "ok"), figure("from outside", data.outsiders.length, data.outsiders.length ? "unsure" : "ok"));
  at("role-cards").append(...roles.map((role, r) => made("article", { class: "card" },
    made("h3", {}, `${role.label} · ${role.name}`), made("p", { class: "quiet" }, `${role.arn} · sessions up to ${role.hours} h`), made("p", {}, link(role)), people(r),
    made("ul", {}, ...[role.lock && `every request from outside ${role.lock} is refused`, role.revoked, ...role.may].filter(Boolean).map(text => made("li", {}, text))))));
  at("outsiders-table").append(table(["Who", "Account", "Role", "MFA", "From", "By"], data.outsiders));
  at("headroom-table").append(table(["Quota", "Account", "Used", "Headroom"], data.headroom.map(r => {
    const bar = made("meter", { min: 0, max: r.limit, low: r.limit * .7, high: r.limit * .9, optimum: 0, value: r.used, "aria-label": `${Math.round(100 * r.used / r.limit)} percent used` });
    return [r.what, r.account, made("td", { class: "number" }, bar, `${r.used.toLocaleString("en")} of ${r.limit.toLocaleString("en")} ${r.unit}`), made("td", {}, r.more, made("small", {}, "Then: " + r.advice))];
  })));
  at("sources-table").append(table(["Stack", "Project", "Read from", "Written"], data.sources.map(s => [s.stack, s.project, s.source, time(s.time)])));

  const MOST_PRINTED = 5000;
  addEventListener("beforeprint", () => {
    const pairs = shown.pairs.filter(p => verdicts[cells[p]].status);
    const rows = pairs.slice(0, MOST_PRINTED).map(p => {
      const u = Math.floor(p / roles.length), r = p % roles.length, v = verdictOf(u, r);
      return [users[u].name, `${roles[r].label} ${roles[r].account}`, roles[r].name, v.status === 2 ? "cannot be verified" : v.mfa, terms(v)];
    });
    at("printed").replaceChildren(table(["Person", "Account", "Role", "MFA", "From"], rows),
      pairs.length > MOST_PRINTED ? `The first ${MOST_PRINTED} of ${pairs.length}; filter before printing.` : "");
  });
  addEventListener("afterprint", () => at("printed").replaceChildren());

  at("tools").addEventListener("submit", event => event.preventDefault());
  for (const id of ["search", "place"]) at(id).addEventListener("input", select);
  for (const id of ["filter", "view"]) at(id).addEventListener("change", select);
  frame.addEventListener("scroll", () => requestAnimationFrame(() => draw()), { passive: true });
  addEventListener("resize", () => draw(true));
  WIDE.addEventListener("change", () => { at("view").value = WIDE.matches ? "matrix" : "list"; select(); });
  if (!WIDE.matches) { at("view").value = "list"; at("filter").value = "allowed"; }
  select();
  document.documentElement.dataset.ready = "true";
})();
