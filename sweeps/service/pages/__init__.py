"""The service's pages: templates filled by the server, made live by htmx; every file they need lies in `static`."""
