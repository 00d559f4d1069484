"""From moments to a record: the recorder of one call. No Pipecat here."""
