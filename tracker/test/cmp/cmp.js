// A consent manager, as IAB Tech Lab's CMP API v2 has it for TCF 2.3: a stub that queues, and the
// manager that takes its place. For the tests of src/consent_tcf.ts, here and in a browser.
(() => {
  const API = 2;
  const MANAGER = { tcfPolicyVersion: 5, cmpId: 7, cmpVersion: 1 };

  /** What a page has first: it answers `ping` and keeps all else for the manager. */
  const startCmpStub = () => {
    const queue = [];
    globalThis.__tcfapi = (...call) => {
      if (!call.length) return queue;
      const [command, , callback] = call;
      if (command !== "ping") return void queue.push(call);
      callback({ cmpLoaded: false, cmpStatus: "stub", displayStatus: "hidden", apiVersion: "2.3" });
    };
  };

  /** The manager. While `gdprApplies` is unknown it calls no listener back. */
  const startCmp = ({ gdprApplies } = {}) => {
    const queue = globalThis.__tcfapi?.() ?? [];
    const listeners = new Map();
    let lastId = 0;
    let choice = {};

    const tcData = (listenerId) =>
      gdprApplies
        ? {
            ...MANAGER,
            tcString: "CORE.DISCLOSED-VENDORS",
            gdprApplies,
            cmpStatus: "loaded",
            listenerId,
            isServiceSpecific: true,
            purposeOneTreatment: false,
            purpose: { consents: {}, legitimateInterests: {} },
            vendor: { consents: {}, legitimateInterests: {} },
            publisher: { consents: {}, legitimateInterests: {}, restrictions: {} },
            ...choice,
          }
        : { ...MANAGER, gdprApplies };
    const callBack = (id) => gdprApplies !== undefined && listeners.get(id)?.(tcData(id), true);
    const callAllBack = () => [...listeners.keys()].forEach(callBack);

    const commands = {
      ping: (callback) =>
        callback({ ...MANAGER, gdprApplies, cmpLoaded: true, cmpStatus: "loaded", apiVersion: "2.3" }),
      addEventListener: (callback) => {
        listeners.set(++lastId, callback);
        callBack(lastId);
      },
      removeEventListener: (callback, id) => callback(listeners.delete(id)),
    };
    globalThis.__tcfapi = (command, version, callback, parameter) => {
      if (version !== API || !commands[command]) callback(null, false);
      else commands[command](callback, parameter);
    };
    queue.forEach((call) => globalThis.__tcfapi(...call));

    const consents = (purposes) => Object.fromEntries(purposes.map((purpose) => [purpose, true]));
    const surface = (eventStatus, { purposes = [], publisher = [], ...rest } = {}) => {
      // A banner that is shown has each legitimate interest, and no consent.
      const legitimateInterests = consents([2, 7, 8, 9, 10, 11]);
      choice = {
        eventStatus,
        purpose: { consents: consents(purposes), legitimateInterests },
        publisher: { consents: consents(publisher), legitimateInterests, restrictions: {} },
        ...rest,
      };
      callAllBack();
    };
    return {
      listeners,
      /** A choice of an earlier visit. */
      load: (chosen) => surface("tcloaded", chosen),
      /** The banner is there. */
      show: () => surface("cmpuishown"),
      /** The visitor has chosen. */
      choose: (chosen) => surface("useractioncomplete", chosen),
      decide: (applies) => {
        gdprApplies = applies;
        callAllBack();
      },
    };
  };

  Object.assign(globalThis, { startCmpStub, startCmp });
})();
