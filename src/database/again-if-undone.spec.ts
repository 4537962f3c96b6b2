import { againIfUndone } from './again-if-undone.js';

const undone = (): Error => Object.assign(new Error('deadlock detected'), { code: '40P01' });

describe('againIfUndone', () => {
  /** Work that fails with these errors first. */
  const failing = (...errors: Error[]) =>
    jest.fn(async () => {
      const error = errors.shift();
      if (error) throw error;
      return 'done';
    });

  it('does once what succeeds', async () => {
    const work = failing();
    await expect(againIfUndone(work)).resolves.toBe('done');
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('does again what was undone, as often as it may', async () => {
    await expect(againIfUndone(failing(undone()))).resolves.toBe('done');
    await expect(againIfUndone(failing(undone(), undone()))).rejects.toThrow('deadlock');
    await expect(againIfUndone(failing(undone(), undone(), undone()), 3)).resolves.toBe('done');
  });

  it('leaves every other failure alone, which may have been done', async () => {
    for (const code of ['40003', '57014', '08006', 'ECONNRESET', undefined]) {
      const work = failing(Object.assign(new Error('no'), { code }));
      await expect(againIfUndone(work, 3)).rejects.toThrow('no');
      expect(work).toHaveBeenCalledTimes(1);
    }
  });
});
