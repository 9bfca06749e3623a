import { init } from "conversion-tracking";
import { useConversionTracking, usePageViewTracking } from "conversion-tracking/react";
import { useEffect } from "react";
import { createRoot } from "react-dom/client";

init({ endpoint: window.GATEWAY, automation: true, manualPageViews: true });

function Page() {
  usePageViewTracking();
  const { trackSignup } = useConversionTracking();
  useEffect(() => void trackSignup("email"), [trackSignup]);
  return <h1>React</h1>;
}

createRoot(document.getElementById("root")).render(<Page />);
