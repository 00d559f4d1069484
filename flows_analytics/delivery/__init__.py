"""Where finished calls go: the Sink protocol and the sinks that know no template."""
