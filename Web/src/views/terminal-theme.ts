const names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/** The page's own colours for xterm.js, from the style sheet that the console uses too. */
export function terminalTheme(): Record<string, string> {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string) => style.getPropertyValue(name).trim();
  const theme: Record<string, string> = {
    background: value("--screen"),
    foreground: value("--screen-text"),
    cursor: value("--screen-cursor"),
    cursorAccent: value("--screen"),
    selectionBackground: value("--screen-selection"),
  };
  names.forEach((name, index) => {
    theme[name] = value(`--ansi${index}`);
    theme[`bright${name[0]?.toUpperCase()}${name.slice(1)}`] = value(`--ansi${index + 8}`);
  });
  return theme;
}
