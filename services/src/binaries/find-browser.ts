import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { NotAvailable } from '../service/not-available.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** A Chromium on this machine: `CHROMIUM_PATH`, else the distribution's. */
export async function findBrowser(): Promise<{ readonly file: string } | NotAvailable> {
  const given = process.env['CHROMIUM_PATH']
  const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)].filter(Boolean)
  const files = given ? [given] : NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  for (const file of files) {
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return { file }
  }
  return {
    absent: given ? `CHROMIUM_PATH names no program: ${given}` : 'no Chromium on this machine: set CHROMIUM_PATH, or install chromium',
  }
}
