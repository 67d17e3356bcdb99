import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { OpenFeature, type Provider, ProviderEvents } from '@openfeature/web-sdk'

// What it uses of a browser: the DOM's own types would hold for all of this repository.
declare const document: { title: string; readonly documentElement: { readonly dataset: Record<string, string> } }
declare const location: { readonly origin: string; readonly search: string }

/** Bundled into a page by the test: shows a flag as any single-page application would, and again whenever the provider says that it changed. */
const client = OpenFeature.getClient()

function show(): void {
  document.title = client.getBooleanValue('new_feature', false) ? 'on' : 'off'
}

client.addHandler(ProviderEvents.Ready, show)
client.addHandler(ProviderEvents.ConfigurationChanged, show)
// So that the test sees a reload, if there were one.
document.documentElement.dataset['loaded'] = String(performance.timeOrigin)
await OpenFeature.setContext({ targetingKey: 'ada' })
const pollInterval = Number(new URLSearchParams(location.search).get('poll'))
await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl: location.origin, pollInterval }) as Provider)
