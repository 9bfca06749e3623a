import { complain } from "./console.js";
import { globals } from "./globals.js";
import type { ConsentSource } from "./types.js";

/** By the numbers of IAB Europe's purposes. */
export interface TcfOptions {
  /**
   * What analytics needs consent to, all of it. Default: 1 (storage on the device), 7 (ad
   * performance), 8 (content performance), 9 (statistics).
   */
  analytics?: readonly number[];
  /** What marketing needs. Default: 1, 3 and 4 (profiles for ads, and their use), 7. */
  marketing?: readonly number[];
  /** Analytics by what the visitor allowed the publisher (PublisherTC), not its vendors. */
  publisher?: boolean;
}

type Consents = Record<string, boolean | undefined>;

/** What is read of TCData (IAB Tech Lab, CMP API v2). */
interface TcData {
  gdprApplies?: boolean;
  eventStatus?: "tcloaded" | "cmpuishown" | "useractioncomplete";
  cmpStatus?: string;
  isServiceSpecific?: boolean;
  listenerId?: number;
  purpose?: { consents?: Consents };
  publisher?: { consents?: Consents };
}

type TcfApi = (
  command: string,
  version: 2,
  callback: (data: TcData | null, success?: boolean) => void,
  parameter?: unknown,
) => void;

const LOOK_MS = 250;
const LOOKS_UNTIL_SAID = 40; // ten seconds

/**
 * A consent manager of the Transparency and Consent Framework, 2.0 to 2.3, on the page itself; it
 * may come later than this. While its banner asks, nothing is decided.
 */
export const tcf =
  ({ analytics = [1, 7, 8, 9], marketing = [1, 3, 4, 7], publisher }: TcfOptions = {}): ConsentSource =>
  (tell) => {
    let stopped = false;
    let listenerId: number | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const api = () => globals.__tcfapi as TcfApi | undefined;

    const remove = (): void => {
      if (listenerId !== undefined) api()?.("removeEventListener", 2, () => {}, listenerId);
      listenerId = undefined;
    };

    const hear = (data: TcData | null, success?: boolean): void => {
      if (!success || !data || data.cmpStatus === "error")
        return complain("tcf: the consent manager does not answer; events wait");
      listenerId = data.listenerId;
      if (stopped) return remove();
      if (data.gdprApplies === false) return tell({ analytics: true, marketing: true });
      // Only these have a choice of the visitor; a TC string for all sites is none any more.
      if (
        !data.gdprApplies ||
        !/^(tcloaded|useractioncomplete)$/.test(data.eventStatus!) ||
        data.isServiceSpecific === false
      )
        return;
      const allows = (of: { consents?: Consents } | undefined, purposes: readonly number[]) =>
        purposes.every((purpose) => of?.consents?.[purpose] === true);
      tell({
        analytics: allows(publisher ? data.publisher : data.purpose, analytics),
        marketing: allows(data.purpose, marketing),
      });
    };

    const look = (looks: number): void => {
      if (typeof api() === "function") return api()!("addEventListener", 2, hear);
      if (looks === LOOKS_UNTIL_SAID) complain("tcf: there is no __tcfapi on the page; events wait");
      timer = setTimeout(look, LOOK_MS, looks + 1);
    };

    look(0);
    return () => {
      stopped = true;
      clearTimeout(timer);
      remove();
    };
  };
