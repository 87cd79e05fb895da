import { defineConfig } from "@playwright/test";

const { BASE_URL, CHROMIUM } = process.env;

export default defineConfig({
  testDir: ".",
  outputDir: "results",
  reporter: "list",
  timeout: 60_000,
  expect: { timeout: 30_000 },
  use: {
    baseURL: BASE_URL,
    launchOptions: { executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] },
  },
});
