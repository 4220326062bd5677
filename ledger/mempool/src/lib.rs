//! What waits: admission, a fair queue by tenant, batches.
