// What one can do on the map, as the page that shows it answers.

export interface MapActions {
  onSelect: (id: string | undefined) => void;
  onShowTable: () => void;
  /** Opens a closed box, and closes the one that a node came from. */
  onToggleBox: (id: string) => void;
  onFocus: (id: string | undefined) => void;
  /** Down the path of a failure to where it began. */
  onFollow: (id: string) => void;
  /** One step back: out of the focus, then the selection, then the search. */
  onBack: () => void;
}
