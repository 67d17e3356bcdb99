import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { OpenFeature, type Provider, ProviderEvents } from '@openfeature/web-sdk'

// Declared here, because the DOM's own types would apply to the whole repository.
declare const document: { title: string; readonly documentElement: { readonly dataset: Record<string, string> } }
declare const location: { readonly origin: string; readonly search: string }

/** The script of the test page: shows a flag like any single-page application, and again whenever the provider reports a change. */
const client = OpenFeature.getClient()

function show(): void {
  document.title = client.getBooleanValue('new_feature', false) ? 'on' : 'off'
}

client.addHandler(ProviderEvents.Ready, show)
client.addHandler(ProviderEvents.ConfigurationChanged, show)
// So that the test would notice a reload.
document.documentElement.dataset['loaded'] = String(performance.timeOrigin)
await OpenFeature.setContext({ targetingKey: 'ada' })
const pollInterval = Number(new URLSearchParams(location.search).get('poll'))
await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl: location.origin, pollInterval }) as Provider)
