interface Choice {
  purposes?: number[];
  publisher?: number[];
  isServiceSpecific?: boolean;
}

interface Cmp {
  listeners: Map<number, unknown>;
  load(choice: Choice): void;
  show(): void;
  choose(choice: Choice): void;
  decide(gdprApplies: boolean): void;
}

declare function startCmpStub(): void;
declare function startCmp(options?: { gdprApplies?: boolean }): Cmp;
