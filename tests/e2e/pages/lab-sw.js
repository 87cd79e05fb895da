// A page's own service worker with Holdpoint's part in it. A test cannot press a notification, nor
// push, so it asks this worker to hear of one as if it had been.

importScripts("/holdpoint-sw.js");

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("message", ({ data, ports }) => {
  if (data.push !== undefined) dispatchEvent(heard(new PushEvent("push", { data: data.push })));
  if (data.press === undefined) return;
  press(data).then((done) => ports[0].postMessage(done), (error) => ports[0].postMessage(String(error)));
});

async function press({ press, tag }) {
  const [notification] = await registration.getNotifications({ tag });
  if (!notification) return "there is no notification";
  const work = [];
  const event = new NotificationEvent("notificationclick", { notification, action: press });
  dispatchEvent(heard(event, work));
  await Promise.all(work);
  return "pressed";
}

/** An event as if it came from the browser, whose own alone may prolong the life of a worker. */
function heard(event, work = []) {
  return Object.defineProperty(event, "waitUntil", { value: (promise) => work.push(promise) });
}
