/** The programs of a server, found on this machine or fetched. */
export interface Binaries {
  readonly origin: string
  /** Makes the programs available to the user that the server runs as. May copy them into `folder`. */
  place(folder: string): Promise<PlacedBinaries>
}

export interface PlacedBinaries {
  /** The folder with the programs. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}
