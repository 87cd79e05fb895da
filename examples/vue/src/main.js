import { createApp } from "vue";
import Bank from "./Bank.vue";

createApp(Bank).mount("#app");
