import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node';

/** Says at the end which tests were skipped: what nobody tried is not to be taken for tried. */
export default class TellSkipped implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    // Whoever names the tests to run knows that the others are not.
    if (this.#vitest?.config.testNamePattern !== undefined) return;
    const skipped = modules.flatMap((module) => {
      const tests = [...module.children.allTests('skipped')];
      if (tests.length === 0) return [];
      const names = new Set(tests.map(outermost));
      return [`  ${tests.length} of ${module.relativeModuleId}: ${[...names].join('; ')}`];
    });
    if (skipped.length > 0) console.warn(`\nSKIPPED, so not tried:\n${skipped.join('\n')}`);
  }
}

/** The name of the outermost suite that a test is in, or its own. */
function outermost(test: TestCase): string {
  let at: TestCase | TestSuite = test;
  while (at.parent.type === 'suite') at = at.parent;
  return at.name;
}
