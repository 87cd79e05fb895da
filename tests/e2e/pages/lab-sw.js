// A page's own service worker with Holdpoint's part in it. A test cannot press a notification, nor
// push, so it asks this worker to hear of one as if it had been.

importScripts("/holdpoint-sw.js");

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("message", ({ data, ports }) => {
  if (data.push === undefined && data.press === undefined) return;
  const done = data.push === undefined ? press(data) : push(data);
  done.catch(String).then((done) => ports[0].postMessage(done));
});

async function push({ push }) {
  await dispatched(new PushEvent("push", { data: push }));
  return "pushed";
}

async function press({ press, tag }) {
  const [notification] = await registration.getNotifications({ tag });
  if (!notification) return "there is no notification";
  await dispatched(new NotificationEvent("notificationclick", { notification, action: press }));
  return "pressed";
}

/** Hands out an event as if it came from the browser, whose own alone may prolong the life of a worker. */
async function dispatched(event) {
  const work = [];
  Object.defineProperty(event, "waitUntil", { value: (promise) => work.push(promise) });
  dispatchEvent(event);
  await Promise.all(work);
}
