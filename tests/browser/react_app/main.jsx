// A small application with two routes, as one uses the tracker in it.
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { init } from "conversion-tracking";
import { useConversionTracking, usePageViewTracking } from "conversion-tracking/react";

const { endpoint } = document.querySelector("#root").dataset;
init({ endpoint, automation: true, manualPageViews: true });

const usePath = () => {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const follow = () => setPath(location.pathname);
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }, []);
  const navigate = (to) => {
    history.pushState(null, "", to);
    setPath(to);
  };
  return [path, navigate];
};

const Home = () => {
  usePageViewTracking();
  useEffect(() => {
    // StrictMode runs effects twice: that is how a test knows that it is on.
    window.effects = (window.effects ?? 0) + 1;
    document.title = "Home";
  }, []);
  return <h1>Home</h1>;
};

const Signup = () => {
  usePageViewTracking();
  const { trackSignup } = useConversionTracking();
  useEffect(() => {
    document.title = "Signup";
  }, []);
  const submit = (event) => {
    event.preventDefault();
    void trackSignup("email", "0190a000-0000-7000-8000-000000000001");
  };
  return (
    <form onSubmit={submit}>
      <h1>Signup</h1>
      <button id="submit">Sign up</button>
    </form>
  );
};

const App = () => {
  const [path, navigate] = usePath();
  return (
    <>
      <button id="to-home" onClick={() => navigate("/")}>
        Home
      </button>
      <button id="to-signup" onClick={() => navigate("/signup")}>
        Sign up
      </button>
      {path === "/signup" ? <Signup /> : <Home />}
    </>
  );
};

createRoot(document.querySelector("#root")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
