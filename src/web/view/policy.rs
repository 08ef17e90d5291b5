//! Content policies that go with the pages (UX section 4, "Security of pages"). Handlers send them as
//! `Content-Security-Policy`.

/// Every page except the frames below.
pub const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; \
     media-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// The plot frame: our scripts and the figure's own data, no cookie, no network, embeddable by our pages only.
/// Plotly writes style attributes, which this frame alone permits.
pub const PLOT_FRAME: &str = "sandbox allow-scripts; default-src 'none'; script-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src data: blob:; font-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'";
