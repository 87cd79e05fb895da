// The part of a service worker that answers Holdpoint's notifications. A page registers this file
// itself, or its own worker begins with `importScripts("/holdpoint-sw.js")`.
//
// A decision is written beside the journals and taken in by the next page that sees it, by the way
// of every other decision: with the comparison, and with the digest checked once more. Nothing runs
// here: what a call does is the page's.
(() => {
  "use strict";

  addEventListener("notificationclick", (event) => {
    const asked = event.notification.data?.holdpoint;
    if (!asked) return;
    // The worker around this one may answer notifications of its own.
    event.stopImmediatePropagation();
    event.notification.close();
    event.waitUntil(answer(asked, event.action));
  });

  // A worker pushes what waits for a person, or what became of it. The push of another application,
  // and one that cannot be read, is left to the worker around this one.
  addEventListener("push", (event) => {
    const told = read(event.data);
    if (!told) return;
    event.stopImmediatePropagation();
    const { title, body, tag, asks, url, call } = told;
    event.waitUntil(
      // By its tag a newer one takes the place of an older one; what asks for nobody comes quietly.
      registration.showNotification(title, {
        body,
        tag,
        renotify: asks,
        requireInteraction: asks,
        silent: !asks,
        data: { holdpoint: { url, call } },
      }),
    );
  });

  function read(data) {
    try {
      return data.json().holdpoint;
    } catch {
      return undefined;
    }
  }

  // A page asks whether anybody here answers its notifications.
  addEventListener("message", ({ data, ports }) => {
    if (data === "holdpoint?") ports[0]?.postMessage("holdpoint!");
  });

  async function answer(asked, action) {
    if (action !== "approve" && action !== "deny") return open(asked);
    if (!(await decide(asked, action).catch(() => false))) return open(asked);
    // Whatever page is open goes on with it.
    const channel = new BroadcastChannel(`holdpoint:${asked.namespace}`);
    channel.postMessage(asked.run);
    channel.close();
    const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
    if (pages.length > 0) return;
    const { title, body, later } = asked.words;
    await registration.showNotification(title, {
      body: `${body}\n${later}`,
      tag: asked.call,
      silent: true,
      data: { holdpoint: asked },
    });
  }

  /** Writes a decision, unless there is one; false where the call is to be looked at first. */
  async function decide({ namespace, run, call, digest }, decision) {
    const database = await opened(`holdpoint:${namespace}`);
    try {
      const transaction = database.transaction(["calls", "decisions"], "readwrite", {
        durability: "strict",
      });
      const written = new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = reject;
      });
      let is_meant = false;
      const found = transaction.objectStore("calls").get([run, call]);
      found.onsuccess = () => {
        const row = found.result;
        // It must be what the person was shown, it must still wait, and what cannot be undone is
        // not approved without its card.
        is_meant = row?.stage === "held" && row.digest === digest;
        is_meant &&= decision === "deny" || !row.critical;
        if (!is_meant) return;
        const decided = { run, call, digest, decision, at: Date.now() };
        // `add` and not `put`: the first decision stays, and a second one ends this quietly.
        const added = transaction.objectStore("decisions").add(decided);
        added.onerror = (event) => {
          event.preventDefault();
          event.stopPropagation();
        };
      };
      await written;
      return is_meant;
    } finally {
      database.close();
    }
  }

  /** The database as it is; one that is not there is not made. */
  function opened(name) {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onupgradeneeded = () => request.transaction.abort();
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  /** Goes to the card, in a page that is there or in a new one. */
  async function open({ url, call, namespace }) {
    // The worker's own page of a job knows no calls.
    if (!call) return clients.openWindow(url);
    const plain = (address) => address.split("#")[0];
    const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
    const page = pages.find((page) => plain(page.url) === plain(url));
    if (!page) return clients.openWindow(`${plain(url)}#holdpoint=${encodeURIComponent(call)}`);
    page.postMessage({ holdpoint: { show: call, namespace } });
    // A browser may not let a page come to the front; it shows the card all the same.
    await page.focus().catch(() => {});
  }
})();
