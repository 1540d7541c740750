{{ staged_members(source('raw', 'tracks'), 'track_id', track_attributes()) }}
