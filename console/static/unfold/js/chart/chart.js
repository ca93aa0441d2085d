/*
 * In the place of Chart.js, which Unfold loads on every page: 200 kB for canvases that do not print
 * and that a screen reader cannot see. Charts here are SVG, drawn by the server.
 */
