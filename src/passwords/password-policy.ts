import { readFile } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { AuthSettings } from '../config/auth-settings.js';

/** What people choose most often, a line for each, in small letters. Built into `dist` beside this file. */
const LIST = new URL('common-passwords.txt', import.meta.url);

let list: Promise<string> | undefined;

/**
 * Which passwords may be set. Asked wherever a password is chosen; never where one is only checked, so that an old
 * one shuts nobody out. A host that lets people choose a password elsewhere injects it.
 *
 * @publicApi
 */
@Injectable()
export class PasswordPolicy {
  private readonly minLength: number | null;

  constructor({ passwordMinLength }: AuthSettings) {
    this.minLength = passwordMinLength;
  }

  /** What is wrong with a password, in Django's words; empty where it may be set. */
  async problems(password: string): Promise<string[]> {
    const { minLength } = this;
    if (minLength === null) return [];
    const problems: string[] = [];
    if (Array.from(password).length < minLength) {
      const characters = minLength === 1 ? 'character' : 'characters';
      problems.push(
        `This password is too short. It must contain at least ${minLength} ${characters}.`,
      );
    }
    if (await isCommon(password)) problems.push('This password is too common.');
    return problems;
  }
}

/** Whatever its letter case and the white space around it, as in Django. */
async function isCommon(password: string): Promise<boolean> {
  const word = password.trim().toLowerCase();
  // Read when it is first needed and searched as it is: a set of its words would take ten times the memory.
  list ??= readFile(LIST, 'utf8').then((text) => `\n${text}`);
  return !word.includes('\n') && (await list).includes(`\n${word}\n`);
}
