import { init, setConsent } from "conversion-tracking";
import { followConsent, gpc } from "conversion-tracking/consent";
import { createApp } from "vue";
import App from "./App.vue";

init({ endpoint: window.GATEWAY, automation: true });
followConsent(setConsent, gpc());
createApp(App).mount("#root");
