// A list with check boxes: rows by keyboard, checked rows counted; of cards, numbers to copy. It works without this.
"use strict";

{
    const table = document.querySelector("table.cards, table.has-boxes");
    const boxes = table ? [...table.querySelectorAll("[name=ids]")] : [];
    const checked = () => boxes.filter((box) => box.checked);
    const rowOf = (element) => element?.closest("tbody tr");
    const present = () => rowOf(document.activeElement);
    const numberIn = (row) => row.querySelector("th a").textContent;

    const move = (step) => {
        const rows = [...table.tBodies[0].rows];
        const row = rows[rows.indexOf(present()) + step] || (present() ? null : rows[0]);
        row?.querySelector("th a").focus();
    };

    const tell = () => {
        const count = checked().length;
        const said = document.querySelector(".bulk-count");
        said.textContent = count ? said.dataset.count.replace("{count}", count) : "";
        said.hidden = !count;
        const copier = document.querySelector("[data-copies-checked]");
        if (copier) {
            copier.hidden = !count || !navigator.clipboard;
        }
        const all = table.querySelector("[data-checks-all]");
        all.checked = count === boxes.length;
        all.indeterminate = count > 0 && count < boxes.length;
    };

    const offerCopies = () => {
        table.querySelectorAll("tbody th a").forEach((number) => {
            const button = document.createElement("button");
            Object.assign(button, { type: "button", className: "copy-number", tabIndex: -1 });
            button.dataset.copy = number.textContent;
            button.dataset.copied = "✓";
            button.title = table.dataset.copyLabel;
            button.setAttribute("aria-label", `${table.dataset.copyLabel} ${number.textContent}`);
            number.after(button);
        });
    };

    if (table) {
        keys.j = () => move(1);
        keys.k = () => move(-1);
        keys.c = () => present()?.querySelector("[data-copy]")?.click();
        if (navigator.clipboard && table.dataset.copyLabel) {
            offerCopies();
        }
    }

    if (boxes.length) {
        let last = null;
        keys.x = () => {
            const box = present()?.querySelector("[name=ids]");
            if (box) {
                box.checked = !box.checked;
                last = box;
                tell();
            }
        };
        const all = table.querySelector("[data-checks-all]");
        all.hidden = false;
        table.addEventListener("click", (event) => {
            if (event.target === all) {
                boxes.forEach((box) => { box.checked = all.checked; });
            } else if (boxes.includes(event.target)) {
                if (event.shiftKey && last) {
                    const [from, to] = [boxes.indexOf(last), boxes.indexOf(event.target)].sort((a, b) => a - b);
                    boxes.slice(from, to + 1).forEach((box) => { box.checked = event.target.checked; });
                }
                last = event.target;
            } else {
                return;
            }
            tell();
        });
        document.addEventListener("click", (event) => {
            const copier = event.target.closest("[data-copies-checked]");
            if (copier) {
                navigator.clipboard.writeText(checked().map((box) => numberIn(rowOf(box))).join("\n")).then(() => flash(copier));
            }
        });
        window.addEventListener("pageshow", tell);  // a browser that goes back checks again what was checked
    }
}
