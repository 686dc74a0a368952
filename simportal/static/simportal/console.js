// Keys, copy buttons and the menu. Every page works without it.
"use strict";

const typing = (element) => element.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
const opened = "details.menu[open], details.drop[open]";

const SCANNED_KEYS = 8;
const SCANNED_WITHIN_MS = 50;

const flash = (button) => {
    button.dataset.label ??= button.textContent;
    button.textContent = button.dataset.copied || "✓";
    setTimeout(() => { button.textContent = button.dataset.label; }, 1200);
};

const keys = {
    "/": () => {
        const box = [...document.querySelectorAll("[data-search]")].find((each) => each.checkVisibility());
        if (box) {
            box.focus();
            box.select();
        } else {
            document.querySelector("[data-search-page]")?.click();
        }
    },
    "a": () => {
        const first = "[data-actions] :is(button, a):not([hidden])";
        const ofChecked = document.querySelector(`#selecting:has(tbody :checked) ${first}`);
        (ofChecked || document.querySelector(first))?.focus();
    },
    "?": () => document.getElementById("help")?.showModal(),
};

document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
        document.querySelectorAll(opened).forEach((menu) => { menu.open = false; });
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !(event.key in keys)) {
        return;
    }
    event.preventDefault();
    keys[event.key]();
});

// In the search box Enter searches, but not for a scanner, which types faster than people and ends each number so.
let typed = [];
document.addEventListener("keydown", (event) => {
    if (!event.target.matches("textarea[data-enters]")) {
        return;
    }
    if (event.key !== "Enter") {
        typed = [...typed, event.timeStamp].slice(-SCANNED_KEYS);
        return;
    }
    const isScanner = typed.length === SCANNED_KEYS && event.timeStamp - typed[0] < SCANNED_KEYS * SCANNED_WITHIN_MS;
    typed = [];
    if (!isScanner && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        event.target.form.requestSubmit();
    }
});

document.addEventListener("click", (event) => {
    document.querySelectorAll(opened).forEach((menu) => {
        if (!menu.contains(event.target)) {
            menu.open = false;
        }
    });
    const opener = event.target.closest("[data-opens]");
    if (opener) {
        document.getElementById(opener.dataset.opens)?.showModal();
    }
    if (event.target.closest("[data-prints]")) {
        window.print();
    }
    const copier = event.target.closest("[data-copy]");
    if (copier && navigator.clipboard) {
        navigator.clipboard.writeText(copier.dataset.copy).then(() => flash(copier));
    }
});

// What is chosen in such a field is asked for at once; without this, the form's button asks for it.
document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) {
        event.target.form.requestSubmit();
    }
});

// A link's secret stands behind its #, which no server sees: it is posted, and the address forgets it.
const handInSecret = () => {
    const form = document.querySelector("form[data-takes-link]");
    if (form && location.hash.length > 1) {
        form.elements.link.value = location.hash;
        history.replaceState(null, "", location.pathname);
        form.submit();
    }
};
window.addEventListener("hashchange", handInSecret);
handInSecret();

// A part of a page that could not be had: the whole page says why. What is asked for again by itself waits in silence.
document.addEventListener("htmx:responseError", (event) => {
    const { elt, requestConfig } = event.detail;
    if (elt.href && requestConfig.triggeringEvent?.type === "click") {
        location.assign(elt.href);
    }
});
