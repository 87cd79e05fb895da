// Keeps the page and the widget, so that both load with the network and the server gone, and answers
// the widget's notifications.

importScripts(notices());

const BUILD = "__HOLDPOINT_BUILD__";
const LISTED = '__HOLDPOINT_FILES__';
/** What the build has put into the line above; a development server leaves it as it is. */
const FILES = LISTED.startsWith("[") ? JSON.parse(LISTED) : [];

const PREFIX = "northbank-";
const CACHE = PREFIX + BUILD;
const PATHS = new Set(FILES.map((file) => new URL(file, self.registration.scope).pathname));
const HOME = new URL(self.registration.scope).pathname;
const PAGE = new URL("index.html", self.registration.scope).pathname;

self.addEventListener("install", (event) => {
  event.waitUntil(install());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(activate());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  const path = url.pathname === HOME ? PAGE : url.pathname;
  // The model's answers, like all that is not listed, never come from a cache.
  if (PATHS.has(path)) event.respondWith(answer(path, request));
});

/** The one script address that this worker ever makes. */
function notices() {
  const only = "/holdpoint-sw.js";
  const createScriptURL = (url) => {
    if (url !== only) throw new TypeError(`not a script of this page: ${url}`);
    return url;
  };
  const policy = self.trustedTypes?.createPolicy("holdpoint-demo", { createScriptURL });
  return policy ? policy.createScriptURL(only) : only;
}

async function install() {
  if (FILES.length === 0) return;
  const cache = await caches.open(CACHE);
  // A file of the HTTP cache could be of another build than the list.
  await cache.addAll([...PATHS].map((path) => new Request(path, { cache: "reload" })));
  await self.skipWaiting();
}

async function activate() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function answer(path, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}
