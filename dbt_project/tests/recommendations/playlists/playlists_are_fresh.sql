-- The newest batch of playlists knows all but the last three days of what the marts hold.
{{ batch_is_stale(ref('playlist_batches')) }}
