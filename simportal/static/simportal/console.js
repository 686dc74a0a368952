// Keys, copy buttons and the menu. Every page works without it.
"use strict";

const typing = (element) => element.matches("input, textarea, select, [contenteditable]");

const keys = {
    "/": () => {
        const box = document.querySelector("[data-search]");
        if (box) {
            box.focus();
            return;
        }
        const list = document.querySelector("[data-search-page]");
        if (list) {
            location.assign(list.href + "#search");
        }
    },
    "?": () => document.getElementById("help")?.showModal(),
};

document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
        document.querySelectorAll("details.menu[open]").forEach((menu) => { menu.open = false; });
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !(event.key in keys)) {
        return;
    }
    event.preventDefault();
    keys[event.key]();
});

document.addEventListener("click", (event) => {
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
        if (!menu.contains(event.target)) {
            menu.open = false;
        }
    });
    const opener = event.target.closest("[data-opens]");
    if (opener) {
        document.getElementById(opener.dataset.opens)?.showModal();
    }
    const copier = event.target.closest("[data-copy]");
    if (copier && navigator.clipboard) {
        navigator.clipboard.writeText(copier.dataset.copy).then(() => {
            const label = copier.textContent;
            copier.textContent = copier.dataset.copied || "✓";
            setTimeout(() => { copier.textContent = label; }, 1200);
        });
    }
});

// Not earlier: on its way to a fragment that names no element the browser takes the focus away.
window.addEventListener("pageshow", () => {
    if (location.hash === "#search") {
        document.querySelector("[data-search]")?.focus();
    }
});
