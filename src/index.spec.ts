import { join } from 'node:path';
import ts from 'typescript';

/**
 * What the package exports is a promise: a name that is added, renamed or dropped shows here, and belongs into the
 * change log. Each one says what it is for where it is defined.
 */
describe('the public API', () => {
  const file = join(import.meta.dirname, 'index.ts');
  const config = join(import.meta.dirname, '..', 'tsconfig.json');
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, (path) => ts.sys.readFile(path)).config,
    ts.sys,
    join(import.meta.dirname, '..'),
  );
  const program = ts.createProgram([file], { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const index = source && checker.getSymbolAtLocation(source);
  const names = (index ? checker.getExportsOfModule(index) : [])
    .map((symbol) => ({
      name: symbol.name,
      target:
        (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol),
    }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));

  it('has exactly these names', () => {
    expect(names.map(({ name }) => name)).toMatchSnapshot();
  });

  it('says of each what it is for, and that it is public', () => {
    const silent = names.filter(({ target }) => {
      const text = ts.displayPartsToString(target.getDocumentationComment(checker));
      const isPublic = target.getJsDocTags(checker).some((tag) => tag.name === 'publicApi');
      return text.trim() === '' || !isPublic;
    });
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});
