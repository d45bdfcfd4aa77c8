call kernel.protect('kernel.retention_policy', 'true');
