// A Vitest reporter that ends the run in the one line that CI recognises.
export default class ClosingLine {
  onTestRunEnd(modules, errors) {
    let passed = 0;
    let failed = errors.length;
    for (const module of modules) {
      let tests = 0;
      for (const test of module.children.allTests()) {
        tests += 1;
        if (test.result().state === 'failed') failed += 1;
        else if (test.result().state === 'passed') passed += 1;
      }
      if (tests === 0 || module.errors().length > 0) failed += 1;
    }
    console.log(`console: ${passed} passed, ${failed} failed`);
  }
}
