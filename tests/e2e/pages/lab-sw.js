// A page's own service worker with Holdpoint's part in it. A test cannot press a notification, so it
// asks this worker to hear of one as if it had been pressed.

importScripts("/holdpoint-sw.js");

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("message", ({ data, ports }) => {
  if (data.press === undefined) return;
  press(data).then((done) => ports[0].postMessage(done), (error) => ports[0].postMessage(String(error)));
});

async function press({ press, tag }) {
  const [notification] = await registration.getNotifications({ tag });
  if (!notification) return "there is no notification";
  const event = new NotificationEvent("notificationclick", { notification, action: press });
  const work = [];
  // Only the browser's own events may prolong the life of a worker.
  Object.defineProperty(event, "waitUntil", { value: (promise) => work.push(promise) });
  dispatchEvent(event);
  await Promise.all(work);
  return "pressed";
}
