import { describeReport } from './report.ts'
import { round } from './round.ts'

try {
  console.log(describeReport(await round({ seed: Number(process.argv[2] ?? 1), stormMs: Number(process.argv[3] ?? 12000) })))
} catch (e) {
  console.log(e)
}
setTimeout(() => {
  console.log(process.getActiveResourcesInfo())
  for (const h of (process as any)._getActiveHandles())
    console.log(
      h.constructor.name,
      h.remoteAddress,
      h.localPort,
      h.remotePort,
      h.destroyed,
      h.readableEnded,
      h.writableEnded,
      h.listening,
      h.pid,
      h.fd,
    )
  process.exit()
}, 2000)
