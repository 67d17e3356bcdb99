const usesColour = process.stdout.isTTY && !process.env['NO_COLOR']

function styled(code: number): (text: string) => string {
  return (text) => (usesColour ? `\u001b[${code}m${text}\u001b[0m` : text)
}

const bold = styled(1)
const dim = styled(2)
const green = styled(32)
const red = styled(31)

/** A cell: plain text, or a right-aligned number with its unit. */
export type Cell = string | { readonly right: string }

const ANSWER = /^(on|off)( → (on|off))?$/

export function heading(text: string): void {
  console.log(`\n${bold(text)}`)
}

export function line(text: string): void {
  console.log(`   ${text}`)
}

export function ms(duration: number): Cell {
  return { right: `${duration.toFixed(3)} ms` }
}

export function count(number: number): Cell {
  return { right: number.toLocaleString('en') }
}

export function onOff(enabled: boolean): string {
  return enabled ? 'on' : 'off'
}

export function table(head: readonly Cell[], rows: readonly (readonly Cell[])[]): void {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => textOf(row[column]).length)))
  for (const [index, row] of all.entries()) {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0
      const text = typeof cell === 'string' ? cell.padEnd(width) : cell.right.padStart(width)
      if (index === 0) return dim(text)
      return ANSWER.test(text.trim()) ? text.replace(/\bon\b/, green('on')).replace(/\boff\b/, red('off')) : text
    })
    line(cells.join('   ').trimEnd())
  }
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === 'object' ? cell.right : (cell ?? '')
}
