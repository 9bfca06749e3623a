import { init } from "conversion-tracking";
import { createApp } from "vue";
import App from "./App.vue";

init({ endpoint: window.GATEWAY, automation: true });
createApp(App).mount("#root");
