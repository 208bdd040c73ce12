/** What the app asks of its host. Every call settles within three seconds. */
export interface Bridge {
  /** Registers the page with the host and hides the menus that share it. */
  start(): Promise<void>
  /** Closes the web view; false when the host cannot. */
  close(): Promise<boolean>
  /** Opens url in the device's browser; false when the host cannot. */
  openInBrowser(url: string): Promise<boolean>
}
