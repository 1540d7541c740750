{{ staged_members(source('raw', 'users'), 'user_id', user_attributes()) }}
